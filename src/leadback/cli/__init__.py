"""The operator's commands, one file a command group."""
