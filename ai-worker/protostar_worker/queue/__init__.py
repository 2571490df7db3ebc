"""The queue's side: taking jobs, keeping them, ending them."""
