package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
)

// resourceList is what kustomize and a function say to each other.
// Source: https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md
type resourceList struct {
	apiVersion string
	config     *yaml.RNode
	items      []*yaml.RNode
}

const expected = "a ResourceList is expected, as kustomize writes it"

// readResourceList reads and checks the frame and every object's identity, so
// that nothing after it meets a shape that it does not know.
func readResourceList(data []byte) (resourceList, error) {
	document, err := strictyaml.Document(data, expected)
	if err != nil {
		return resourceList{}, fmt.Errorf("stdin: %w", err)
	}
	root := yaml.NewRNode(document)
	if root.YNode().Kind != yaml.MappingNode || root.GetKind() != kio.ResourceListKind ||
		!strings.HasPrefix(root.GetApiVersion(), "config.kubernetes.io/") {
		return resourceList{}, fmt.Errorf("stdin: is not a ResourceList of %s: %s", kio.ResourceListAPIVersion, expected)
	}
	list := resourceList{apiVersion: root.GetApiVersion()}
	config := root.Field("functionConfig")
	if config == nil || config.Value.YNode().Kind != yaml.MappingNode {
		return resourceList{}, errors.New("functionConfig: is missing: must be an IstioTenant or an IstioRelease")
	}
	list.config = config.Value
	errs := []error{sound("functionConfig", list.config.YNode())}
	if items := root.Field("items"); !items.IsNilOrEmpty() {
		if items.Value.YNode().Kind != yaml.SequenceNode {
			return resourceList{}, errors.New("items: is not a list: must be the objects of the kustomization")
		}
		for i, node := range items.Value.Content() {
			label, err := identify(i, node)
			if err == nil {
				err = sound(label, node)
			}
			errs = append(errs, err)
			list.items = append(list.items, yaml.NewRNode(node))
		}
	}
	return list, errors.Join(errs...)
}

// identify checks the fields that name an object, and returns the name.
func identify(i int, node *yaml.Node) (string, error) {
	at := fmt.Sprintf("items[%d]", i)
	if node.Kind != yaml.MappingNode {
		return at, fmt.Errorf("%s: is not an object: must be a mapping with apiVersion, kind and metadata", at)
	}
	top := texts(node)
	metadata := field(node, "metadata")
	if metadata == nil || metadata.Kind != yaml.MappingNode {
		return at, fmt.Errorf("%s: %s: metadata: is missing: must be a mapping with a name", at, orNone(top["kind"]))
	}
	meta := texts(metadata)
	for _, f := range [][2]string{{"apiVersion", top["apiVersion"]}, {"kind", top["kind"]}, {"metadata.name", meta["name"]}} {
		if f[1] == "" {
			return at, fmt.Errorf("%s: %s %s: %s: is missing: must be a string", at, orNone(top["kind"]), orNone(meta["name"]), f[0])
		}
	}
	label := object.ID{Kind: top["kind"], Namespace: meta["namespace"], Name: meta["name"]}.String()
	if n := field(metadata, "namespace"); n != nil && n.Kind != yaml.ScalarNode {
		return label, fmt.Errorf("%s: metadata.namespace: must be a string", label)
	}
	for _, name := range []string{"labels", "annotations"} {
		if m := field(metadata, name); m != nil && m.Kind != yaml.MappingNode && m.ShortTag() != yaml.NodeTagNull {
			return label, fmt.Errorf("%s: metadata.%s: must be a mapping", label, name)
		}
	}
	return label, nil
}

// texts are the scalar fields of a mapping.
func texts(node *yaml.Node) map[string]string {
	found := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if value := node.Content[i+1]; value.Kind == yaml.ScalarNode && value.ShortTag() != yaml.NodeTagNull {
			found[node.Content[i].Value] = value.Value
		}
	}
	return found
}

func field(node *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return node.Content[i+1]
		}
	}
	return nil
}

// mostMistakes is how many are told apart in one object: a bomb of aliases has
// hundreds.
const mostMistakes = 10

// sound refuses, below a node, what has more than one reading. kustomize
// resolves aliases itself, and what a bomb of them grows to would not fit in
// memory.
func sound(at string, node *yaml.Node) error {
	problems := strictyaml.Check(node)
	more := ""
	if n := len(problems); n > mostMistakes {
		problems, more = problems[:1], fmt.Sprintf(" (and %d more mistakes)", n-1)
	}
	var errs []error
	for _, p := range problems {
		errs = append(errs, errors.New(strings.TrimSuffix(at+": "+p.Path, ": ")+": "+p.Message+more))
	}
	return errors.Join(errs...)
}

// write writes the list with other items, all or nothing.
func (l resourceList) write(out io.Writer, items []*yaml.RNode) error {
	var text bytes.Buffer
	err := kio.ByteWriter{
		Writer:                &text,
		WrappingAPIVersion:    l.apiVersion,
		WrappingKind:          kio.ResourceListKind,
		FunctionConfig:        l.config,
		KeepReaderAnnotations: true,
	}.Write(items)
	if err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	if _, err := text.WriteTo(out); err != nil {
		return fmt.Errorf("stdout: %w", err)
	}
	return nil
}
