module example.org/oauth-identity-example

go 1.19
