package build

import (
	"bytes"
	"encoding/gob"
	"io"
	"os"
	"path/filepath"

	kustomize "sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
)

// Serve answers the one request on in. A process may call it once.
func Serve(in io.Reader, out io.Writer) error {
	var request Request
	if err := gob.NewDecoder(in).Decode(&request); err != nil {
		return err
	}
	files := newRecorder(filesys.MakeFsOnDisk())
	root, err := filepath.Abs(request.Dir)
	if err != nil {
		return err
	}
	// kustomize resolves links before it reads.
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	for name, text := range request.Replace {
		files.replace[filepath.Join(root, name)] = text
	}
	var text bytes.Buffer
	cmd := kustomize.NewCmdBuild(files, kustomize.MakeHelp("kustomize", "build"), &text)
	// Both flags are kustomize's way to allow functions.
	kustomize.AddFunctionAlphaEnablementFlags(cmd.Flags())
	cmd.SetArgs([]string{"--enable-alpha-plugins", "--enable-exec", request.Dir})
	cmd.SilenceErrors = true
	if err := cmd.Execute(); err != nil {
		return gob.NewEncoder(out).Encode(Result{Failure: files.failure(root, err)})
	}
	for _, warning := range files.unmatched(root) {
		diagnostic.Warning(os.Stderr, warning)
	}
	return gob.NewEncoder(out).Encode(Result{YAML: text.Bytes(), Inputs: files.inputs(root), Opaque: files.opaque()})
}
