//! The document that describes the API.

use std::collections::BTreeSet;

use dutyline::http::v1;
use serde_json::Value;

use super::Api;

fn document() -> Value {
    serde_json::to_value(v1::document()).expect("plain data")
}

#[tokio::test]
async fn the_document_and_a_page_to_try_it_on_are_served_to_anybody() {
    let api = Api::open().await;
    assert_eq!(api.get("", "/v1/openapi.json").await.body, document());
    assert_eq!(api.get("", "/v1/docs/").await.status, 200);
}

#[test]
fn every_operation_says_what_it_does_and_how_it_is_refused() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(operation["summary"].is_string(), "{method} {path}");
            let name = operation["operationId"].as_str().expect("a name").to_owned();
            assert!(names.insert(name), "{method} {path} is called as another one");
            for statuses in ["4XX", "5XX"] {
                let refused = &operation["responses"][statuses]["content"]["application/problem+json"];
                assert_eq!(refused["schema"]["$ref"], "#/components/schemas/Problem", "{method} {path}");
            }
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().expect("a name");
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
