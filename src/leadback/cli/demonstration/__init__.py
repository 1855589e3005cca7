"""A made-up lead network: who takes part, what happens to its leads, and the stories planted among them."""
