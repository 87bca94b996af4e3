// Package cli is the command line: a kustomize function on stdin, and commands
// around it.
//
// Without arguments it reads a ResourceList, does what the kind of its
// functionConfig says, and writes the ResourceList that comes of it:
//
//	apiVersion: config.kubernetes.io/v1
//	kind: ResourceList
//	functionConfig:
//	  apiVersion: istio-tenancy.dev/v1alpha1
//	  kind: IstioTenant
//	  ...
//	items:
//	- apiVersion: apps/v1
//	  kind: Deployment
//	  ...
//
// On any error stdout stays empty and the exit code is 1: kustomize takes a
// function's output as the complete result. If a part of it were missing without an
// error, the missing objects would be deleted from the cluster.
package cli
