"""HTTP: the routes, and the processes that answer them."""
