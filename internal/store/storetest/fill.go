// Package storetest is the contract of the services' storage interfaces, for every driver and every fake.
package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"yinzheng/internal/gm"
)

// noon is when things happen in these suites: to the microsecond, as every driver keeps time.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 123456000, time.UTC) }

// filled returns a T in which every exported field, however deep, has a value of its own: one that a driver forgets to keep
// is seen, also one that is added to T later.
func filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	n := 0
	fill(t, reflect.ValueOf(&v).Elem(), "value", &n)
	return v
}

func fill(t *testing.T, v reflect.Value, name string, n *int) {
	t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon().Add(time.Duration(*n) * time.Minute)))
		return
	case gm.Digest:
		v.Set(reflect.ValueOf(gm.Sum([]byte(name), []byte{byte(*n)})))
		return
	case json.RawMessage: // odd on purpose: bytes must come back, not just their meaning
		v.SetBytes(fmt.Appendf(nil, `{ "名称" : "<%s & %d>",  "b":1.50 }`, name, *n))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d 证照", name, *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name, n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name, n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), name, n)
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), name, n)
		}
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(t, key, name, n)
			fill(t, value, name, n)
			v.SetMapIndex(key, value)
		}
	default:
		t.Fatalf("storetest cannot fill %s, a %s", name, v.Type())
	}
}
