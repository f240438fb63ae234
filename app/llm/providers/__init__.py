"""One slice per kind of model server; the gateway chooses among them."""
