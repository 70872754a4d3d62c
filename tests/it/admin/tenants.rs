//! Tenants, and numbers that their users share (D33, D34).

use dutyline::app::tenants::TenantPatch;
use dutyline::app::users::NewExtension;

use super::{add, at, login, refused};
use crate::harness::line::{ADA, Line};

fn sharing(shared: bool) -> TenantPatch {
    TenantPatch { shared_lines: Some(shared), ..TenantPatch::default() }
}

#[tokio::test]
async fn users_share_a_number_only_while_lines_are_shared() {
    let mut line = Line::open().await;
    let default = line.tenant.slug.clone();
    let behind = |ext: &str| NewExtension { ext: Some(ext.to_owned()), ..at("+15062345600") };
    line.app.add_extension(&line.tenant, &login("ada"), behind("1")).await.expect("free");
    add(&line, "bob", "+15062345601").await.expect("free");
    let second = line.app.add_extension(&line.tenant, &login("bob"), behind("2")).await;
    assert!(refused(second).starts_with("number_in_use"));

    line.tenant = line.app.change_tenant(default.clone(), sharing(true)).await.expect("allowed");
    line.app.add_extension(&line.tenant, &login("bob"), behind("2")).await.expect("another extension");
    let same = line.app.add_extension(&line.tenant, &login("bob"), behind("1")).await;
    assert!(refused(same).starts_with("number_in_use"), "also on shared lines one line is one user's");

    let back = line.app.change_tenant(default.clone(), sharing(false)).await;
    assert_eq!(refused(back), "users `ada` and `bob` share +15062345600; change one of them first");
    line.app.remove_extension(&line.tenant, &login("bob"), 2).await.expect("there");
    line.tenant = line.app.change_tenant(default, sharing(false)).await.expect("nobody shares");
    let second = line.app.add_extension(&line.tenant, &login("bob"), behind("2")).await;
    assert!(refused(second).starts_with("number_in_use"), "the lines are as before");
}

#[tokio::test]
async fn a_number_is_unique_within_its_tenant() {
    // D33.
    let line = Line::open().await;
    let other = dutyline::app::tenants::fresh("other".parse().expect("a slug"));
    let other = line.app.add_tenant(other).await.expect("new");
    let line = line.of(other);
    add(&line, "ada", ADA).await.expect("another tenant's user has it");
    let missing = line.app.change_tenant("othr".parse().expect("a slug"), TenantPatch::default()).await;
    assert_eq!(refused(missing), "no tenant `othr`; did you mean `other`?");
}
