package verify

import (
	"regexp"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// A bundle has of the cluster's objects what is rendered, since that is in the overlays,
// and what is in shownBelow and shownFields. Of every other text nobody knows whether it
// is a secret: a password may be in any variable, argument, header, annotation or key of
// a ConfigMap, under any name.

// shownBelow are fields below which all is shown: names, kinds, rules and states.
var shownBelow = regexp.MustCompile(`^(apiVersion|kind|type|roleRef|subjects|rules|aggregationRule|status|involvedObject|regarding|reason|reportingComponent|reportingInstance|source|` +
	`metadata\.(name|namespace|generateName|uid|resourceVersion|creationTimestamp|deletionTimestamp|labels|finalizers|ownerReferences)|` +
	`webhooks\[[^\]]*\]\.(name|rules|namespaceSelector|objectSelector|failurePolicy|matchPolicy|reinvocationPolicy|sideEffects|admissionReviewVersions|clientConfig\.(service|caBundle))|` +
	`spec\.(template\.metadata\.labels|selector|podSelector|ingress|egress|policyTypes|ports|clusterIPs?|ipFamil.*|versions\[[^\]]*\]\.name|group|names|scope))([.\[]|$)`)

// shownFields are the names of fields of Pods that have a name, a kind or an amount.
var shownFields = map[string]bool{"name": true, "image": true, "imagePullPolicy": true, "serviceAccountName": true, "serviceAccount": true, "nodeName": true,
	"mountPath": true, "secretName": true, "claimName": true, "protocol": true, "restartPolicy": true, "dnsPolicy": true, "schedulerName": true,
	"terminationMessagePath": true, "terminationMessagePolicy": true, "priorityClassName": true, "preemptionPolicy": true, "cpu": true, "memory": true,
	"ephemeral-storage": true, "operator": true, "effect": true, "fieldPath": true, "scheme": true, "medium": true, "sizeLimit": true}

// ended is what programs print when they end, and what they are started with, which is below status.
var ended = regexp.MustCompile(`\.(terminated|waiting)\.message$|^status\.message$`)

func isShown(path string) bool {
	if ended.MatchString(path) || strings.HasPrefix(path, "spec.pluginConfig.") { // of which no schema says what is secret
		return false
	}
	return shownBelow.MatchString(path) || strings.HasPrefix(path, "spec.") && shownFields[path[strings.LastIndexAny(path, ".[")+1:]] && !strings.Contains(path, ".data.")
}

// shown is a value of the cluster as a bundle has it; rendered is what stands at its place
// in an overlay, or nil. Numbers, truths, and the names of fields are no secrets.
func shown(path string, is, rendered any) any {
	switch is := is.(type) {
	case string:
		switch {
		case is == rendered || is == "":
			return is
		case isShown(path):
			return redactedText(cut(is))
		case rendered != nil:
			return leftOut + ", is not as rendered"
		}
		return leftOut
	case []any:
		of := fieldsOf(rendered)
		list := make([]any, len(is))
		for i, key := range keysOf(is) {
			list[i] = shown(path+key, is[i], of[key])
		}
		return list
	case map[string]any:
		of, _ := rendered.(map[string]any)
		fields := make(map[string]any, len(is))
		for key, value := range is {
			fields[key] = shown(join(path, key), value, of[key])
		}
		return fields
	}
	return is
}

// packed is an object of the cluster as a bundle has it.
func (v *verifier) packed(id object.ID, is map[string]any) any {
	return shown("", withoutManaged(is), v.plan(id))
}

// plan is an object as it is rendered, or nil.
func (v *verifier) plan(id object.ID) any {
	for _, it := range v.rendered {
		if idOf(it.object) == id {
			return plainOf(it.object)
		}
	}
	return nil
}

// packedPod is a Pod of a Deployment.
func (v *verifier) packedPod(deployment object.ID, pod map[string]any) any {
	template := map[string]any{"spec": snapshot.Field(v.plan(deployment), "spec", "template", "spec")}
	return shown("", withoutManaged(pod), template)
}

// packedEvent is an event. What a probe or a hook has printed is left out.
func packedEvent(o map[string]any) any {
	event := shown("", withoutManaged(o), nil)
	if fields, is := event.(map[string]any); is && !isOutput(snapshot.Text(o, "reason")) {
		message := snapshot.Text(o, "message")
		if len(message) > longestMessage {
			message = strings.ToValidUTF8(message[:longestMessage], "") + " " + leftOut
		}
		fields["message"] = outputText(message)
	}
	return event
}
