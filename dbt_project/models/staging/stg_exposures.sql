{{ config(materialized='view') }}
{{ current_version(
    contract='exposures',
    key=['source', 'exposure_id'],
    version='exposed_at', keep='earliest',
    columns=[
        'exposure_id', 'experiment_id', 'variation_id', 'user_id',
        'anonymous_id', 'group_id', 'exposed_at'
    ]
) }}
