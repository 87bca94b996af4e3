// Package image makes the image of this program, as a release does, and lays out its
// files as a container has them, without Docker and without a registry, which the
// machines that run the tests lack:
//
//	made, err := image.Build(ctx, "..", dir)  // where the network is
//	made, err = image.Open(dir)               // the same image, later
package image
