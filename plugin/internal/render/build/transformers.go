package build

import (
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

// Configurations are those, as YAML, that an entry of transformers leads to, of a
// kustomization in dir: the entry itself, a file, a link, or a directory. What is no
// regular file is not read.
func Configurations(dir, entry string) [][]byte {
	return allow.Configurations(unrecorded{newRecorder(filesys.MakeFsOnDisk(), allow.List{})}, dir, entry)
}
