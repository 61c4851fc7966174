-- Also what a later state of its file took the place of: that is what was promised before.
select
    landed.source, landed.experiment_id, landed.name, landed.spec, landed.batch_id, batches.delivered_on
from {{ lake('experiments') }} as landed
inner join {{ lake('batches') }} as batches on batches.batch_id = landed.batch_id
where batches.status = 'loaded'
