// Command generate writes fields.txt, the fields of Istio's mesh configuration,
// from the protobuf descriptors in the module istio.io/api. The program itself
// does not import that module: a tenth of its start would go into descriptors.
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	mesh "istio.io/api/mesh/v1alpha1"
)

func main() {
	if err := os.WriteFile("fields.txt", []byte(text()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// text has a line for each field, below its message, and for each enum:
//
//	message MeshConfig
//	accessLogFile string
//	defaultConfig ProxyConfig
//	enum AUTO NONE
func text() string {
	w := writer{seen: map[protoreflect.FullName]bool{}}
	w.message((&mesh.MeshConfig{}).ProtoReflect().Descriptor())
	return "# Made by go generate from istio.io/api; see doc.go.\n" + w.text.String()
}

type writer struct {
	text strings.Builder
	seen map[protoreflect.FullName]bool
}

func (w *writer) message(m protoreflect.MessageDescriptor) {
	if w.seen[m.FullName()] || known[m.FullName()] != "" {
		return
	}
	w.seen[m.FullName()] = true
	fmt.Fprintf(&w.text, "message %s\n", m.FullName())
	var fields []protoreflect.FieldDescriptor
	for i := range m.Fields().Len() {
		fields = append(fields, m.Fields().Get(i))
	}
	slices.SortFunc(fields, func(a, b protoreflect.FieldDescriptor) int { return strings.Compare(a.JSONName(), b.JSONName()) })
	var below []protoreflect.MessageDescriptor
	for _, f := range fields {
		line := f.JSONName() + " "
		value := f
		switch {
		case f.IsMap():
			line, value = line+"map ", f.MapValue()
		case f.IsList():
			line += "list "
		}
		fmt.Fprintf(&w.text, "%s%s", line, typeOf(value))
		if group := f.ContainingOneof(); group != nil && !group.IsSynthetic() {
			fmt.Fprintf(&w.text, " oneof=%s", group.Name())
		}
		w.text.WriteString("\n")
		if value.Message() != nil {
			below = append(below, value.Message())
		}
	}
	for _, m := range below {
		w.message(m)
	}
}

// known are messages that JSON writes in a way of their own.
// Source: https://protobuf.dev/programming-guides/json/
var known = map[protoreflect.FullName]string{
	"google.protobuf.BoolValue":   "bool",
	"google.protobuf.DoubleValue": "number",
	"google.protobuf.Duration":    "duration",
	"google.protobuf.FloatValue":  "number",
	"google.protobuf.Int32Value":  "number",
	"google.protobuf.Int64Value":  "number",
	"google.protobuf.StringValue": "string",
	"google.protobuf.Struct":      "any",
	"google.protobuf.Timestamp":   "string",
	"google.protobuf.UInt32Value": "number",
	"google.protobuf.UInt64Value": "number",
	"google.protobuf.Value":       "any",
}

func typeOf(f protoreflect.FieldDescriptor) string {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.StringKind, protoreflect.BytesKind:
		return "string"
	case protoreflect.EnumKind:
		var names []string
		for i := range f.Enum().Values().Len() {
			names = append(names, string(f.Enum().Values().Get(i).Name()))
		}
		return "enum=" + strings.Join(names, ",")
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if name := known[f.Message().FullName()]; name != "" {
			return name
		}
		return string(f.Message().FullName())
	}
	return "number"
}
