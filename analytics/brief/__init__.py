"""The brief: what stands out in the published marts, and the page that shows it."""
