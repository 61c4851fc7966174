"""What Dagster sees: one module for each kind of thing, thin over `orchestration.lib`."""
