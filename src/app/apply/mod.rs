//! A tenant's setup as files, so that a team can keep it under version control: out with `export`, in with
//! `apply`, which says what it will do before it does it.

mod carry_out;
pub mod folder;
pub mod plan;
pub mod setup;

use crate::app::apply::folder::{Files, Wanted};
use crate::app::apply::plan::{Step, plan};
use crate::app::{App, Error};
use crate::domain::ids::Slug;
use crate::domain::tenant::Tenant;
use crate::flow::prompt::catalogue::Content;
use crate::store::{Scope, StoreError, Tx};

impl App {
    /// The tenant's setup as files.
    pub async fn export(&self, tenant: Tenant) -> Result<Files, StoreError> {
        let read = self.store.read(|tx| {
            Box::pin(async move {
                let setup = setup::load(tx, &tenant).await?;
                let mut recordings = Vec::new();
                for content in setup.prompts.values() {
                    let Content::Play { media, .. } = content else { continue };
                    let bytes = tx.media(media).await?;
                    recordings.extend(bytes.map(|bytes| (media.clone(), bytes)));
                }
                Ok(folder::write(&setup, recordings))
            })
        });
        read.await
    }

    /// What [`App::apply`] would do.
    pub async fn plan(&self, tenant: Tenant, wanted: Wanted) -> Result<Vec<Step>, StoreError> {
        let read = self
            .store
            .read(|tx| Box::pin(async move { Ok(plan(&setup::load(tx, &tenant).await?, &wanted.setup)) }));
        read.await
    }

    /// Makes the tenant's setup the wanted one, in one unit of work. Refuses to do anything else than what
    /// was `agreed` upon, should the setup have changed meanwhile.
    pub async fn apply(&self, tenant: &Slug, wanted: Wanted, agreed: Vec<Step>) -> Result<(), Error> {
        let (scope, slug) = (Scope::of(&self.tenant(tenant).await?), tenant.clone());
        let unit = self.store.write(scope, move |tx| {
            Box::pin(async move {
                let tenant = current(tx, &slug).await?;
                let steps = plan(&setup::load(tx, &tenant).await?, &wanted.setup);
                if steps != agreed {
                    return Err(Error::PlanOutdated);
                }
                carry_out::carry_out(tx, tenant, &wanted, &steps).await
            })
        });
        unit.await
    }
}

async fn current(tx: &mut Tx<'_>, slug: &Slug) -> Result<Tenant, Error> {
    tx.tenant(slug).await?.ok_or_else(|| Error::NotFound {
        what: "tenant",
        name: slug.to_string(),
        mend: "`dutyline tenant list` shows those there are",
    })
}
