"""The models of the hwcomponents packages: how they are called, what they say, what keeps them in bounds."""
