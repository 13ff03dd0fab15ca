# gron, a Go program: JSON to lines and back.
echo '{"a": [1, {"b": null}], "c": "d"}' >file.json
is $'json = {};\njson.a = [];\njson.a[0] = 1;\njson.a[1] = {};\njson.a[1].b = null;\njson.c = "d";' gron --monochrome file.json
is '{"a":[1,{"b":null}],"c":"d"}' bash -c 'gron -m file.json | gron -u -m | tr -d " \n"'
for i in $(seq 20); do echo "$i"; done | gron -s -m >/dev/null 2>&1 || true
is 'json.a[1].b = null;' bash -c 'gron -m <file.json | grep b'
