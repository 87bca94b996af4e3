// Package scaffold makes the files of a new repository for tenants: bases, one overlay,
// a README.md that explains the files, and, on request, files for CI, Flux or Argo CD.
//
//	bases/istio, bases/tenancy     this project's own, or a pinned address of them
//	overlays/payroll               the first tenant, as the command new writes it
//	flux/ or argocd/               as examples/flux or examples/argocd
//	README.md, .gitignore, .pre-commit-config.yaml, .github/workflows/tenants.yaml
//
// It reads only what is compiled into the program, and writes nothing.
package scaffold
