// Package examples holds the examples that the program writes into a repository of
// whoever starts one.
package examples

import "embed"

// GitOps are the files of flux and argocd.
//
//go:embed flux argocd
var GitOps embed.FS
