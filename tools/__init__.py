"""What stands beside the book: its address in all places, and what turns the site into something to publish."""
