"""What tests share: a server, networks, and ways to look at the database."""
