package reach

// danger is what a right on a kind without a namespace opens.
type danger struct {
	verbs []string
	text  string
	// own says that a right on objects by name is harmless: they are a tenant's own.
	own bool
}

var write = []string{"create", "update", "patch", "delete", "deletecollection"}

// clusterRights are the kinds without a namespace by which tenants are reached. What is
// not here, such as reading nodes, opens nothing of a tenant's.
var clusterRights = map[right]danger{
	resource("namespaces"):          {write, "moves a Namespace from one tenant to another by its labels, or deletes it", false},
	resource("namespaces/finalize"): {change, "ends a Namespace before what is in it is gone", false},
	resource("nodes"):               {write, "moves Pods, and tells the API server where a kubelet is", false},
	resource("nodes/proxy"):         {append(read, write...), "runs programs in every Pod, by the kubelet", false},
	resource("nodes/status"):        {change, "moves Pods from a node", false},
	resource("persistentvolumes"):   {write, "mounts any folder of a node, or another tenant's volume", false},
	resource("users"):               {[]string{"impersonate"}, "makes whoever has it any user", false},
	resource("groups"):              {[]string{"impersonate"}, "makes whoever has it a member of any group", false},

	resource("clusterroles.rbac.authorization.k8s.io"):        {[]string{"bind", "escalate"}, "gives whoever has it any right", false},
	resource("clusterrolebindings.rbac.authorization.k8s.io"): {[]string{"delete", "deletecollection"}, "takes the rights of others away", false},

	resource("mutatingwebhookconfigurations.admissionregistration.k8s.io"):     {write, "sees and changes what everybody applies", true},
	resource("validatingwebhookconfigurations.admissionregistration.k8s.io"):   {write, "sees and refuses what everybody applies", true},
	resource("validatingadmissionpolicies.admissionregistration.k8s.io"):       {write, "takes down the rules that keep tenants apart", false},
	resource("validatingadmissionpolicybindings.admissionregistration.k8s.io"): {write, "takes down the rules that keep tenants apart", false},
	resource("mutatingadmissionpolicies.admissionregistration.k8s.io"):         {write, "changes what everybody applies", false},
	resource("mutatingadmissionpolicybindings.admissionregistration.k8s.io"):   {write, "changes what everybody applies", false},
	resource("customresourcedefinitions.apiextensions.k8s.io"):                 {[]string{"update", "patch", "delete", "deletecollection"}, "deletes or changes every tenant's objects of a kind", false},
	resource("apiservices.apiregistration.k8s.io"):                             {write, "answers in the place of the API server", false},
	resource("certificatesigningrequests.certificates.k8s.io/approval"):        {change, "approves a client certificate in any name", false},
	resource("certificatesigningrequests.certificates.k8s.io/status"):          {change, "issues certificates", false},
	resource("signers.certificates.k8s.io"):                                    {[]string{"approve", "sign"}, "approves or signs certificates", false},
	resource("clustertrustbundles.certificates.k8s.io"):                        {write, "changes whom others trust", false},
	resource("storageclasses.storage.k8s.io"):                                  {write, "changes where others' volumes come from", false},
	resource("csidrivers.storage.k8s.io"):                                      {write, "changes what volumes are given", false},
	resource("volumeattachments.storage.k8s.io"):                               {write, "attaches others' volumes", false},
	resource("runtimeclasses.node.k8s.io"):                                     {write, "changes what runs others' Pods", false},
	resource("gatewayclasses.gateway.networking.k8s.io"):                       {write, "changes who serves others' Gateways", false},
	resource("ingressclasses.networking.k8s.io"):                               {write, "changes who serves others' Ingresses", false},
	resource("clusternetworkpolicies.policy.networking.k8s.io"):                {write, "opens or closes the network of others", false},
	resource("adminnetworkpolicies.policy.networking.k8s.io"):                  {write, "opens or closes the network of others", false},
	resource("baselineadminnetworkpolicies.policy.networking.k8s.io"):          {write, "opens or closes the network of others", false},
}
