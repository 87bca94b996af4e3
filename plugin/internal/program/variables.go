package program

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// SetVariable gives a container's environment variable a value, in the place of
// whatever it had.
func SetVariable(container *yaml.RNode, name, text string) error {
	value := yaml.NewStringRNode(text)
	value.YNode().Style = yaml.DoubleQuotedStyle
	if err := container.PipeE(
		yaml.LookupCreate(yaml.MappingNode, "env", "[name="+name+"]"),
		yaml.Tee(yaml.Clear("valueFrom")),
		yaml.SetField("value", value)); err != nil {
		return fmt.Errorf("env %s: %w", name, err)
	}
	return nil
}

// Variable is a container's environment variable, as an element of env; nil,
// where there is none.
func Variable(container *yaml.RNode, name string) (*yaml.RNode, error) {
	return container.Pipe(yaml.Lookup("env", "[name="+name+"]"))
}
