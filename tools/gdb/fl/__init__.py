"""What the commands of tools/gdb/faultline.py are made of."""
