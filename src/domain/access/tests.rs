use super::*;
use crate::domain::tenant::acme;

const ROLES: &[Role] = Role::ALL;

/// Which of the roles has the right, in their order.
const MATRIX: [(Right, [bool; 4]); 17] = [
    // agent, supervisor, admin, owner
    (Right::PresenceRead, [true, true, true, true]),
    (Right::PresenceWrite, [true, true, true, true]),
    (Right::UsersRead, [false, true, true, true]),
    (Right::UsersWrite, [false, false, true, true]),
    (Right::SetupRead, [false, false, true, true]),
    (Right::SetupWrite, [false, false, true, true]),
    (Right::CallsRead, [false, true, true, true]),
    (Right::ReportsRead, [false, true, true, true]),
    (Right::EventsRead, [false, true, true, true]),
    (Right::AuditRead, [false, false, true, true]),
    (Right::TokensWrite, [false, false, false, true]),
    (Right::TenantsWrite, [false, false, false, true]),
    (Right::NumbersRead, [false, true, true, true]),
    (Right::TerminalsWrite, [false, false, true, true]),
    (Right::WebhooksRead, [false, false, true, true]),
    (Right::WebhooksWrite, [false, false, true, true]),
    (Right::CalendarRead, [true, true, true, true]),
];

fn login(text: &str) -> Login {
    text.parse().expect("a login")
}

/// Ada's if it is an agent's.
fn access(role: Role, given: Option<&[Right]>) -> Access {
    let given = given.map(|given| given.iter().copied().collect());
    let user = (role == Role::Agent).then(|| login("ada"));
    Access::new(acme(), TokenId::from_bits(7), (role, given.as_ref()), user)
}

#[test]
fn every_role_has_just_its_rights() {
    assert_eq!(MATRIX.map(|(right, _)| right).as_slice(), Right::ALL, "a row for each");
    for (right, row) in MATRIX {
        let found: Vec<bool> = ROLES.iter().map(|role| role.has(right)).collect();
        assert_eq!(found, row, "{right}");
    }
}

#[test]
fn a_token_gives_what_its_role_has() {
    for (right, row) in MATRIX {
        for (role, has) in ROLES.iter().zip(row) {
            let access = access(*role, None);
            let of_all = has && *role != Role::Agent;
            let denied = Err(Denied { right });
            assert_eq!(access.may(right), of_all, "{role} {right}");
            assert_eq!(access.require(right), if of_all { Ok(()) } else { denied });
            for (user, may) in [("ada", has), ("bob", of_all)] {
                assert_eq!(access.may_touch(&login(user), right), may, "{role} {right} {user}");
                assert_eq!(access.require_of(&login(user), right), if may { Ok(()) } else { denied });
            }
        }
    }
}

#[test]
fn rights_that_are_named_narrow_a_role_and_never_widen_it() {
    for role in ROLES {
        for right in Right::ALL {
            let narrow = access(*role, Some(&[*right]));
            for other in Right::ALL {
                let may = other == right && role.has(*right);
                assert_eq!(narrow.may_touch(&login("ada"), *other), may, "{role} with {right}: {other}");
            }
        }
        let one = access(*role, Some(&[Right::CalendarRead]));
        assert!(one.has_only(Right::CalendarRead) && !one.has_only(Right::PresenceRead));
        assert!(Right::ALL.iter().all(|right| !access(*role, None).has_only(*right)));
        assert!(Right::ALL.iter().all(|right| !access(*role, Some(&[])).may_touch(&login("ada"), *right)));
    }
}

#[test]
fn an_agents_token_that_speaks_for_nobody_touches_nobody() {
    let access = Access { user: None, ..access(Role::Agent, None) };
    assert!(Right::ALL.iter().all(|right| !access.may_touch(&login("ada"), *right)));
}

#[test]
fn a_bearer_is_named_by_the_token() {
    assert_eq!(access(Role::Owner, None).actor(), "token:tok_00000000000000000000000000000007");
    let denied = Denied { right: Right::UsersWrite };
    assert_eq!(denied.to_string(), "the token does not give the right `users.write` to this");
}

#[test]
fn rights_and_roles_are_spelled_as_they_are_read() {
    for right in Right::ALL {
        assert_eq!(right.as_str().parse(), Ok(*right));
    }
    for role in ROLES {
        assert_eq!(role.as_str().parse(), Ok(*role));
    }
    let unknown = "users.delete".parse::<Right>().expect_err("no right");
    assert!(Right::ALL.iter().all(|right| unknown.to_string().contains(right.as_str())), "{unknown}");
}
