"""What the repository needs besides the book: its address in all places, and what turns the site into something that can be published."""
