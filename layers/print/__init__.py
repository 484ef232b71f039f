"""Maps on paper as PDF: the card of a grid, the map book of a township, the wall map."""
