// Package release tries what a release ships: it unpacks the archive of this machine, and
// uses it as somebody does who has no clone of the repository.
package release
