"""What turns the built site into something that can be published: print edition, archive, last check."""
