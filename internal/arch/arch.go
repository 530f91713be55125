// Package arch holds no code: its test keeps the arrows between the packages, and the few rules of the house that a compiler
// does not know. The reason of each ban stands beside it and in the test's failure.
package arch
