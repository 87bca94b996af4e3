package verify

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// objectsOf reads a stream of YAML.
func objectsOf(text []byte) (all []map[string]any, err error) {
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var o map[string]any
		if err := yaml.Unmarshal(document, &o); err != nil {
			return nil, err
		}
		if len(o) > 0 {
			all = append(all, o)
		}
	}
}

func idOf(o map[string]any) object.ID {
	group, _, found := strings.Cut(snapshot.Text(o, "apiVersion"), "/")
	if !found {
		group = ""
	}
	return object.ID{Group: group, Kind: snapshot.Text(o, "kind"), Namespace: snapshot.Text(o, "metadata", "namespace"), Name: snapshot.Text(o, "metadata", "name")}
}

// marshal is an object's JSON, of what JSON was read as.
func marshal(o map[string]any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		return nil
	}
	return b.Bytes()
}

// plainOf is an object with numbers as the API server's answers have them.
func plainOf(o map[string]any) (plain map[string]any) {
	if json.Unmarshal(marshal(o), &plain) != nil {
		return nil
	}
	return plain
}
