// Package program writes how a program is run: the command line and the
// environment of a container.
package program
