-- Also what a later state of its file took the place of: that is what was counted before.
select
    landed.source, landed.metric_id, landed.name, landed.spec, landed.batch_id, batches.delivered_on
from {{ lake('metrics') }} as landed
inner join {{ lake('batches') }} as batches on batches.batch_id = landed.batch_id
where batches.status = 'loaded'
