{{ current_version(
    contract='listed_rows',
    key=['source', 'contract', 'scope', 'item_id', 'listed_at'],
    columns=['contract', 'scope', 'item_id', 'listed_at']
) }}
