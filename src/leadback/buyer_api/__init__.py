"""The asmx wire contract, which nothing else knows."""
