package summary

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/manifest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rendered"
)

// read calls use with the objects of each file, one file at a time and in
// order; files are parsed on all cores. The error has a line for each mistake
// in each file.
func read(files []string, in io.Reader, use func(file string, objects []*yaml.RNode)) error {
	type parsed struct {
		objects []*yaml.RNode
		err     error
	}
	results := make([]chan parsed, len(files))
	ahead := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // bounds what is held in memory
	for i := range results {
		results[i] = make(chan parsed, 1)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		for i, file := range files {
			ahead <- struct{}{}
			wait.Go(func() {
				objects, err := parse(file, in)
				results[i] <- parsed{objects, err}
			})
		}
	})
	var errs []error
	for i, file := range files {
		result := <-results[i]
		<-ahead
		errs = append(errs, result.err)
		use(nameOf(file), result.objects)
	}
	wait.Wait()
	return errors.Join(errs...)
}

func nameOf(file string) string {
	if file == rendered.Stdin {
		return "stdin"
	}
	return file
}

func parse(file string, in io.Reader) ([]*yaml.RNode, error) {
	if file != rendered.Stdin {
		opened, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer opened.Close() // was only read
		in = opened
	}
	objects, repairs, err := manifest.Read(in, nameOf(file))
	if err == nil && len(repairs) > 0 { // no API server takes them as they are
		err = errors.New(strings.Join(repairs, "\n"))
	}
	return objects, err
}
