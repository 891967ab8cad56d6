"""What sting is tested with, for those who build on it too."""
