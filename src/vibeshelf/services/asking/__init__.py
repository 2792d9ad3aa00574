"""What people mean by the words of a wish: books they name, and what they do not want."""
