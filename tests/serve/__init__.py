"""The running program: what it answers, how it starts and stops, and what survives when it is killed."""
