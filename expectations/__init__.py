"""Gates: what must hold of landed rows and of marts, as files, and the runner that checks it."""
