// Package account keeps who may sign in: local accounts in units, their
// passwords (argon2id) and second factors (TOTP), sessions, one-time links, and
// tokens for programs. It says who somebody is; what they may do is decided by
// package access.
//
// Nothing secret is kept in clear, and there is no default password: the first
// account is made through a one-time link, and so is every first password.
package account
