package build

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	kustomize "sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/relay"
)

// Function runs this program's function, and returns the exit code.
type Function func(in io.Reader, out io.Writer) (code int)

// Serve answers the requests on in. The function's processes hand their work to
// f. A process may call it once, and ends when a build exceeds its bounds, and when in is
// a pipe that is closed.
func Serve(in io.Reader, out io.Writer, f Function) error {
	var requests []Request
	if err := gob.NewDecoder(in).Decode(&requests); err != nil {
		return err
	}
	endWith(in)
	var b bounds
	b.begin(allow.List{})
	defer b.watch(os.Stderr)()
	err := relay.Serve(func(input []byte) ([]byte, int) {
		var output bytes.Buffer
		code := f(bytes.NewReader(input), &output)
		return output.Bytes(), code
	})
	if err != nil {
		return err
	}
	var results []Result
	for _, r := range requests {
		b.begin(r.Allow)
		result, err := buildOne(r)
		if err != nil {
			return err
		}
		results = append(results, result)
		if _, err := io.WriteString(os.Stderr, endOfBuild); err != nil {
			return err
		}
	}
	return gob.NewEncoder(out).Encode(results)
}

func buildOne(request Request) (Result, error) {
	files := newRecorder(filesys.MakeFsOnDisk(), request.Allow)
	root, err := filepath.Abs(request.Dir)
	if err != nil {
		return Result{}, err
	}
	// kustomize resolves links before it reads.
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	files.within = request.Within
	for name, text := range request.Replace {
		files.replace[filepath.Join(root, name)] = text
	}
	// kustomize has no client of its own.
	by := http.DefaultTransport
	http.DefaultTransport = request.Allow.Transport(by, files.refuseURL)
	defer func() { http.DefaultTransport = by }()

	var text bytes.Buffer
	cmd := kustomize.NewCmdBuild(files, kustomize.MakeHelp("kustomize", "build"), &text)
	// Both flags are kustomize's way to allow functions.
	kustomize.AddFunctionAlphaEnablementFlags(cmd.Flags())
	cmd.SetArgs([]string{"--enable-alpha-plugins", "--enable-exec", request.Dir})
	cmd.SilenceErrors = true
	err = cmd.Execute()
	if refused := files.refusals(root); refused != nil {
		return Result{Refused: refused}, nil
	}
	if err != nil {
		return Result{Failure: files.failure(root, err)}, nil
	}
	if text.Len() > regular.LargestFile { // which nothing would read
		return Result{Failure: fmt.Sprintf("has %d bytes of output: must have at most %d", text.Len(), int64(regular.LargestFile))}, nil
	}
	for _, warning := range files.unmatched(root) {
		diagnostic.Warning(os.Stderr, warning)
	}
	return Result{YAML: text.Bytes(), Inputs: files.inputs(root), Opaque: files.opaque()}, nil
}
