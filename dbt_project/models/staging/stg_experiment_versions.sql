select
    landed.source, landed.experiment_id, landed.name, landed.spec, landed.batch_id, batches.delivered_on
from {{ lake('experiments') }} as landed
inner join {{ lake('batches') }} as batches on batches.batch_id = landed.batch_id
where landed.batch_id in ({{ counted_batches() }})
