"""What every package may use and none of it knows of leads."""
