// Package v1alpha1 stands for the types of func's own operator, a module that not every module proxy has. func uses them only where
// the cluster serves their CustomResourceDefinition, which the lab never installs.
package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is what func asks the cluster for before it uses a Function.
var GroupVersion = schema.GroupVersion{Group: "functions.dev", Version: "v1alpha1"}

// AddToScheme makes the types known to a client.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &Function{}, &FunctionList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

// FunctionSpecRepository says where the source of a function is.
type FunctionSpecRepository struct {
	URL    string `json:"url"`
	Branch string `json:"branch,omitempty"`
	Path   string `json:"path,omitempty"`
}

// FunctionSpecRegistry says where its image goes.
type FunctionSpecRegistry struct {
	AuthSecretRef *corev1.LocalObjectReference `json:"authSecretRef,omitempty"`
}

// FunctionSpec is what is wanted.
type FunctionSpec struct {
	Repository FunctionSpecRepository `json:"repository"`
	Registry   FunctionSpecRegistry   `json:"registry,omitempty"`
}

// FunctionStatus is what was found.
type FunctionStatus struct {
	Name string `json:"name,omitempty"`
}

// Function is a function that the operator deploys.
type Function struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              FunctionSpec   `json:"spec,omitempty"`
	Status            FunctionStatus `json:"status,omitempty"`
}

// FunctionList is several of them.
type FunctionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Function `json:"items"`
}

func (in *Function) copy() *Function {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	if in.Spec.Registry.AuthSecretRef != nil {
		secret := *in.Spec.Registry.AuthSecretRef
		out.Spec.Registry.AuthSecretRef = &secret
	}
	return &out
}

// DeepCopyObject is what makes it an object of the API.
func (in *Function) DeepCopyObject() runtime.Object { return in.copy() }

// DeepCopyObject is what makes it an object of the API.
func (in *FunctionList) DeepCopyObject() runtime.Object {
	out := *in
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]Function, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].copy()
	}
	return &out
}
