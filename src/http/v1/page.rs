//! Lists in pages, each of which says where the next one begins.

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::LINK;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::ids::Skill;
use crate::http::v1::problem::Problem;

/// Items on a page, and where the next page begins.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    items: Vec<T>,
    /// What to give as `after` for the next page; none on the last one. Also in the header `Link`.
    next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// The `next` of the page before; the first page if left out.
    pub(super) after: Option<String>,
    /// Items on the page at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub(super) limit: Option<u32>,
}

/// Which page of users is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsersAsked {
    /// Only those who have this skill.
    skill: Option<Skill>,
    /// The `next` of the page before; the first page if left out.
    after: Option<String>,
    /// Items on the page at most.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
}

const USUAL: u32 = 100;
const MOST: u32 = 500;

impl Asked {
    /// Where the page begins.
    pub(super) fn after<C: std::str::FromStr>(&self) -> Result<Option<C>, Problem> {
        self.after.as_deref().map(|text| text.parse().map_err(|_| unreadable())).transpose()
    }

    /// As [`Asked::after`], in a list whose items are known by a line that people write.
    pub(super) fn after_line(&self) -> Result<Option<String>, Problem> {
        match &self.after {
            Some(text) if text.contains(char::is_control) => Err(unreadable()),
            after => Ok(after.clone()),
        }
    }

    /// As [`Asked::after`], in a list whose items two words name.
    pub(super) fn after_two<A: std::str::FromStr, B: std::str::FromStr>(
        &self,
    ) -> Result<Option<(A, B)>, Problem> {
        let read = |text: &str| {
            let (one, other) = text.split_once(':')?;
            Some((one.parse().ok()?, other.parse().ok()?))
        };
        self.after.as_deref().map(|text| read(text).ok_or_else(unreadable)).transpose()
    }

    /// Items on the page at most.
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        within_bounds(self.limit.unwrap_or(USUAL))
    }
}

impl UsersAsked {
    /// Which of whom, and the page of those.
    pub(super) fn split(self) -> (Option<Skill>, Asked) {
        let Self { skill, after, limit } = self;
        (skill, Asked { after, limit })
    }
}

fn unreadable() -> Problem {
    Problem::field("invalid", "after", "give the `next` of a page of this list")
}

/// A `limit`, if it is one that may be asked for.
pub(super) fn within_bounds(limit: u32) -> Result<u32, Problem> {
    within(limit, MOST)
}

/// A `limit`, if it is one up to `most`.
pub(super) fn within(limit: u32, most: u32) -> Result<u32, Problem> {
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field("invalid", "limit", format!("{limit} is not 1 to {most}")))
}

impl<T> Page<T> {
    /// The page of the first `limit` of `items`, of which one more than that was looked for. `cursor` names the place
    /// behind an item.
    pub(super) fn new(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).expect("a page fits in memory");
        let is_last = items.len() <= limit;
        items.truncate(limit);
        let next = items.last().filter(|_| !is_last).map(cursor);
        Self { items, next }
    }

    /// The items that are worth showing.
    pub(super) fn flat_map<U, I: IntoIterator<Item = U>>(self, shown: impl FnMut(T) -> I) -> Page<U> {
        Page { items: self.items.into_iter().flat_map(shown).collect(), next: self.next }
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let link = self.next.as_ref().map(|next| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("after", next).finish();
            HeaderValue::try_from(format!("<?{query}>; rel=\"next\"")).expect("it is percent-encoded")
        });
        let mut response = Json(self).into_response();
        if let Some(link) = link {
            response.headers_mut().insert(LINK, link);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_begins_behind_the_last_item() {
        let page = |found: usize| {
            let Page { items, next } = Page::new((1..=found).collect(), 3, ToString::to_string);
            (items.len(), next)
        };
        assert_eq!(page(0), (0, None));
        assert_eq!(page(3), (3, None));
        assert_eq!(page(4), (3, Some("3".to_owned())));
    }

    #[test]
    fn a_page_has_1_to_500_items() {
        for (limit, read) in [
            (None, Some(100)),
            (Some(1), Some(1)),
            (Some(500), Some(500)),
            (Some(0), None),
            (Some(501), None),
        ] {
            assert_eq!(Asked { after: None, limit }.limit().ok(), read, "{limit:?}");
        }
    }
}
