"""What the commands of `productops` do and print, one module for each kind of command."""
