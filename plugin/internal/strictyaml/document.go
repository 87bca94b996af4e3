// Package strictyaml reads text that has to be one YAML document, and reports what
// readers understand in different ways. A lenient reader takes the first of several
// documents, the last of several values, and the value of an alias:
//
//	a: b
//	---
//	c: d      holds several YAML documents: must be one
//
//	a: b
//	a: c      a: is given twice, again in line 2: give it once
//
// Configurations, and the input that kustomize passes to functions, are read in this way.
// Manifests that others have published cannot be changed; package manifest repairs those.
package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Document is the root of the only document in data; expected ends the error
// where there is none. Errors are one line, and begin with a verb: what they
// are about is the caller's to say.
func Document(data []byte, expected string) (*yaml.Node, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("is not UTF-8 at byte %d: save the file as UTF-8", valid(data))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("is empty: " + expected)
	case err != nil:
		return nil, syntax(err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, errors.New("holds several YAML documents: must be one")
	case !errors.Is(err, io.EOF):
		return nil, syntax(err)
	}
	return first.Content[0], nil
}

// valid is how many bytes at the beginning are UTF-8.
func valid(data []byte) int {
	at := 0
	for {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}

func syntax(err error) error {
	return errors.New("is no valid YAML: " + strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
}
