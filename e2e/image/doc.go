// Package image makes the image that a Dockerfile describes, without Docker and
// without a registry, which the machines that run the tests lack:
//
//	made, err := image.Build(ctx, "..", dir)  // where the network is
//	made, err = image.Open(dir)               // the same image, later
//
// It does what the lines of the Dockerfile say: it copies the files that
// .dockerignore leaves in the build context, runs the RUN lines with the
// machine's own Go, and lays out the files of the last stage as a root
// filesystem. An instruction, an option or a base that it does not know is an
// error, so that no line is passed over.
package image
