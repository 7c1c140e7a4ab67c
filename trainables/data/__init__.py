"""Where a task's arrays come from: the real set, the user's own files, or a built-in stand-in."""
