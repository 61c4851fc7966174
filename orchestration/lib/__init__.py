"""What a run does: build, gate, publish, roll back. Nothing in here imports Dagster."""
